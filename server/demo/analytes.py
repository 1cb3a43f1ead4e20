"""A small table of analytes for the demonstration: adults' ranges, a bound itself normal.

The ranges are general laboratory practice, not one laboratory's; the flags that matter come with the results.
Titles follow the Russian laboratories' usage, codes are LOINC, units UCUM.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from domain.patients import Sex


class Range(NamedTuple):
    """Bounds of what is normal."""

    low: float | None
    high: float | None


class Analyte(NamedTuple):
    """What is measured."""

    code: str
    title: str
    unit: str
    male: Range
    female: Range
    decimals: int

    def normal(self, sex: Sex) -> Range:
        """Return the range for a person."""
        return self.male if sex is Sex.MALE else self.female


PANELS: Final[Mapping[str, tuple[Analyte, ...]]] = {
    "Общий анализ крови": (
        Analyte("718-7", "Гемоглобин", "g/L", Range(130, 170), Range(120, 150), 0),
        Analyte("789-8", "Эритроциты", "10*12/L", Range(4.3, 5.7), Range(3.8, 5.1), 2),
        Analyte("4544-3", "Гематокрит", "%", Range(39, 49), Range(35, 45), 1),
        Analyte("6690-2", "Лейкоциты", "10*9/L", Range(4.0, 9.0), Range(4.0, 9.0), 2),
        Analyte("777-3", "Тромбоциты", "10*9/L", Range(150, 400), Range(150, 400), 0),
        Analyte("4537-7", "СОЭ (Вестергрен)", "mm/h", Range(0, 15), Range(0, 20), 0),
    ),
    "Биохимический анализ крови": (
        Analyte("14771-0", "Глюкоза натощак (плазма)", "mmol/L", Range(4.1, 6.0), Range(4.1, 6.0), 2),
        Analyte("14647-2", "Холестерин общий", "mmol/L", Range(3.0, 5.2), Range(3.0, 5.2), 2),
        Analyte("14682-9", "Креатинин", "umol/L", Range(62, 106), Range(44, 80), 0),
        Analyte("2823-3", "Калий", "mmol/L", Range(3.5, 5.1), Range(3.5, 5.1), 1),
        Analyte("2951-2", "Натрий", "mmol/L", Range(136, 145), Range(136, 145), 0),
        Analyte("1742-6", "АЛТ", "U/L", Range(None, 41), Range(None, 33), 0),
        Analyte("1920-8", "АСТ", "U/L", Range(None, 40), Range(None, 32), 0),
    ),
    "Обмен железа, гормоны, углеводы": (
        Analyte("2276-4", "Ферритин", "ug/L", Range(30, 400), Range(13, 150), 0),
        Analyte("3016-3", "ТТГ", "m[IU]/L", Range(0.4, 4.0), Range(0.4, 4.0), 2),
        Analyte("4548-4", "Гликированный гемоглобин HbA1c", "%", Range(4.0, 6.0), Range(4.0, 6.0), 1),
    ),
}
