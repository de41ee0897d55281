"""WebSocket connections, events and the managers that join them."""
