# An archive whose members want to lie elsewhere, unpacked without a question.
# expect: success | error
import io
import tarfile

packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w") as archive:
    for name in ("../hostile-above", "../../../../tmp/hostile-far", "/tmp/hostile-absolute", "/etc/hostile-system"):
        member = tarfile.TarInfo(name)
        member.size = 4
        archive.addfile(member, io.BytesIO(b"mine"))
    link = tarfile.TarInfo("hostile-link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc"
    archive.addfile(link)
    through = tarfile.TarInfo("hostile-link/hostile-through")
    through.size = 4
    archive.addfile(through, io.BytesIO(b"mine"))
    for kind in (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
        device = tarfile.TarInfo(f"hostile-device-{kind.decode()}")
        device.type, device.devmajor, device.devminor = kind, 1, 1
        archive.addfile(device)
packed.seek(0)
with tarfile.open(fileobj=packed) as archive:
    for member in archive:
        try:
            archive.extract(member, ".", filter="fully_trusted")
        except (OSError, tarfile.TarError):
            pass
print("done")
