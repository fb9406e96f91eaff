"""The lake bucket as Spark reaches it: s3:// on EMR, file:// on this machine."""
from pathlib import Path


class Lake:
    """Small objects by key, through Hadoop's file systems, so that one code serves S3 and a folder. Rows are read by Spark, never here."""

    def __init__(self, spark, root):
        self._jvm = spark._jvm
        self._root = root.rstrip("/")
        self._base = self._jvm.org.apache.hadoop.fs.Path(self._root + "/")
        self._fs = self._base.getFileSystem(spark._jsc.hadoopConfiguration())
        self._prefix = self._fs.makeQualified(self._base).toUri().getPath().rstrip("/")

    def path(self, key):
        return f"{self._root}/{key}"

    def key(self, path):
        """The key of an object by the path that the file system gave it."""
        return path.toUri().getPath()[len(self._prefix) + 1 :]

    def exists(self, key):
        return self._fs.exists(self._path(key))

    def keys(self, prefix, suffix=""):
        """Keys of the objects below a prefix, sorted; none where it isn't there."""
        folder = self._path(prefix)
        if not self._fs.exists(folder):
            return []
        found, files = [], self._fs.listFiles(folder, True)
        while files.hasNext():
            key = self.key(files.next().getPath())
            if key.endswith(suffix):
                found.append(key)
        return sorted(found)

    def folders(self, prefix):
        """Names of the folders directly below a prefix, sorted."""
        folder = self._path(prefix)
        if not self._fs.exists(folder):
            return []
        return sorted(s.getPath().getName() for s in self._fs.listStatus(folder) if s.isDirectory())

    def read(self, key):
        """The text of an object."""
        stream = self._fs.open(self._path(key))
        try:
            return bytes(self._jvm.org.apache.commons.io.IOUtils.toByteArray(stream)).decode("utf-8")
        finally:
            stream.close()

    def write(self, key, text):
        """Puts an object whole: on S3 it is there when its stream is closed; in a folder it is renamed when it is written."""
        if self._fs.getScheme() == "file":
            file = Path(self._prefix) / key
            file.parent.mkdir(parents=True, exist_ok=True)
            made = file.with_name(f"{file.name}.new")
            made.write_text(text, encoding="utf-8")
            made.replace(file)
            return
        stream = self._fs.create(self._path(key), True)
        try:
            stream.write(bytearray(text.encode("utf-8")))
        finally:
            stream.close()

    def remove(self, key):
        self._fs.delete(self._path(key), False)

    def _path(self, key):
        return self._jvm.org.apache.hadoop.fs.Path(self.path(key))
