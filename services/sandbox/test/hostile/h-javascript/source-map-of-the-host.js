// Comments that tell debuggers to load files.
// expect: error
null.x;
//# sourceURL=/etc/passwd
//# sourceMappingURL=file:///etc/passwd
