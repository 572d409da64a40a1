"""The machine underneath: errors, files, npz, locks, processes, processor, memory."""
