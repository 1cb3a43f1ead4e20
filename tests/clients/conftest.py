"""The product served in this process, for clients that it need not outlive."""

from tests.stories.conftest import place as place
