"""What a program calls: a matte, a cut-out or a trimap of whatever picture it has."""
