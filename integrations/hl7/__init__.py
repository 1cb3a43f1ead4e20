"""HL7 v2: laboratories' messages over MLLP and HTTP."""
