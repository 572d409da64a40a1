"""The machine underneath: errors, files, locks, processes, processor, memory."""
