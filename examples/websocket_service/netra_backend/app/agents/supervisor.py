"""The agent that answers a user and tells them what it is doing meanwhile."""

from netra_backend.app.agents.tools import choose_tool


class Supervisor:
    """Answers the messages of one user; every step becomes an event on the user's WebSocket manager."""

    def __init__(self, user_context, websocket_manager):
        self.user_context = user_context
        self.websocket_manager = websocket_manager

    async def run(self, text):
        """Returns the answer to `text`, sending the five critical events on the way."""
        self.user_context = self.user_context.next_run()
        tool_name, tool, tool_input = choose_tool(text)
        await self._send("agent_started", message=text)
        await self._send("agent_thinking", thought=f"{tool_name} can answer this")
        await self._send("tool_executing", tool=tool_name, input=tool_input)
        try:
            answer = tool(tool_input)
        except (SyntaxError, ValueError, ZeroDivisionError) as error:
            answer = f"{tool_name} failed: {error}"
        await self._send("tool_completed", tool=tool_name, output=answer)
        await self._send("agent_completed", answer=answer)
        return answer

    async def _send(self, event_type, **data):
        await self.websocket_manager.send_event(event_type, run_id=self.user_context.run_id, **data)
