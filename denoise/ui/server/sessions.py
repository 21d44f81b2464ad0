"""Sessions of pages and scripts, each of little memory, and no more of them than needed."""

import re
from copy import copy
from typing import Any

import gradio as gr
from gradio.state_holder import SessionState, StateHolder

CAPACITY = 500  # sessions; a page that has been idle while so many others came starts anew
_ONE_CALL = re.compile(r"[0-9a-f]{32}")  # the session of a call by HTTP is named as its event


class Sessions(StateHolder):
    """Gradio's sessions, without what only its deep links need, which are shut here.

    Gradio keeps 10,000 sessions, and with each the configuration of every component: 0.6 MB of
    memory, for each call of a script, too. Here a session takes 0.02 MB.
    """

    def __init__(self, page: gr.Blocks) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.set_blocks(page)
        self.capacity = CAPACITY

    def __getitem__(self, session_id: str) -> SessionState:
        """Return a session, which begins when it is first asked for."""
        if session_id not in self.session_data:
            self._drop_ended()
            self.session_data[session_id] = _Session(self.blocks)
        return super().__getitem__(session_id)

    def _drop_ended(self) -> None:
        """Forget the calls whose answers were fetched."""
        waited_for = self.blocks._queue.pending_event_ids_session
        for name in [one for one in list(self.session_data) if _ONE_CALL.fullmatch(one)]:
            if name not in waited_for:
                self.session_data.pop(name, None)
                self.time_last_used.pop(name, None)


class _Session(SessionState):
    """A session that keeps what handlers set, and no configuration beside it."""

    def __init__(self, page: gr.Blocks) -> None:
        self.blocks_config = copy(page.default_config)
        self.config_values = _Nothing()
        self.state_data = {}
        self._state_ttl: dict[int, Any] = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = 3600

    def _update_config(self, key: int) -> None:
        pass

    def _update_value_in_config(self, key: int, value: Any) -> None:
        pass


class _Nothing(dict[int, dict[Any, Any]]):
    def __setitem__(self, key: int, value: dict[Any, Any]) -> None:
        pass
