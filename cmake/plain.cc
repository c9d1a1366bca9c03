// Holds the precompiled standard headers that other targets reuse.
