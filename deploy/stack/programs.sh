#!/bin/sh
# programs.sh TO [FROM]: pg_dump and pg_restore as this image has them, with every library they need and the loader that
# finds these, so that they run in another image, too: one of an older or newer system.
set -eu
to=$1
from=${2:-$(dirname "$(ls -d /usr/lib/postgresql/*/bin/pg_dump | sort -V | tail -n 1)")}
mkdir -p "$to/lib"
for name in pg_dump pg_restore; do
    needed=$(ldd "$from/$name" | grep -oE '/[^ ]+\.so[^ ]*' | sort -u)
    loader=$(echo "$needed" | grep -m 1 '/ld-')
    for library in $needed; do cp -Lf "$library" "$to/lib/"; done
    cp -Lf "$from/$name" "$to/lib/$name"
    cat > "$to/$name" <<END
#!/bin/sh
here=\${0%/*}
exec "\$here/lib/${loader##*/}" --library-path "\$here/lib" "\$here/lib/$name" "\$@"
END
    chmod 755 "$to/$name" "$to/lib/$name" "$to/lib/${loader##*/}"
done
"$to/pg_dump" --version
