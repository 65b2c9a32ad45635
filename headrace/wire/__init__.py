"""What crosses a process: requests, answers and log blocks, as bytes and as columns. Pure: no network, no clock."""
