# Limits are for those who cannot raise them.
# only: namespaces
# expect: success
# stdout: CONTAINED
raised = []
try:
    import resource

    for name in dir(resource):
        if name.startswith("RLIMIT_"):
            kind = getattr(resource, name)
            _soft, hard = resource.getrlimit(kind)
            if hard == resource.RLIM_INFINITY:
                continue
            try:
                resource.setrlimit(kind, (hard + 1, hard + 1))
                raised.append(name)
            except (OSError, ValueError):
                pass
    for name in ("RLIMIT_CORE", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_FSIZE"):
        if resource.getrlimit(getattr(resource, name))[1] == resource.RLIM_INFINITY:
            raised.append(f"{name} has no end")
except ImportError:
    pass
print(f"ESCAPED: {raised}" if raised else "CONTAINED")
