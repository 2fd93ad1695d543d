#!/usr/bin/env bash
# The wheel and the Debian packages in a Debian 12 that holds nothing else: debootstrap makes it, apt brings what the packages
# ask for. Minutes and a package mirror are needed: it runs by its name only (run.sh --only root).
#
#   AIGC_ROOT   a root that debootstrap has made (--variant=minbase bookworm), to be copied instead of made anew
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need debootstrap debootstrap "an empty Debian 12" || exit 0
need dpkg-deb dpkg-dev "an empty Debian 12" || exit 0
[ "$(id -u)" = 0 ] || { skip "an empty Debian 12" "this needs root"; exit 0; }
base=$work/base
trap 'umount "$base/proc" 2>/dev/null || true; rm -rf "$base"' EXIT
make_root() {
    if [ -n "${AIGC_ROOT:-}" ]; then cp -a "$AIGC_ROOT" "$base"; else debootstrap --variant=minbase bookworm "$base"; fi
    cp /etc/resolv.conf "$base/etc/resolv.conf"
    rm -rf "$base"/etc/apt/sources.list "$base"/etc/apt/sources.list.d
    cp -r /etc/apt/sources.list.d "$base/etc/apt/"
    [ ! -f /etc/apt/sources.list ] || cp /etc/apt/sources.list "$base/etc/apt/"
    for place in /etc/apt/apt.conf.d /usr/share/keyrings; do cp -rn "$place/." "$base$place/"; done
    mount -t proc proc "$base/proc"
    inside apt-get update
}
inside() {
    chroot "$base" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/srv LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}
bring() { inside apt-get install -y --no-install-recommends "$@"; }

wheel() { bash "$root/bindings/python/wheel.sh" --to "$work/wheels"; }
tagged() { ls "$work"/wheels/libaigc-*-py3-none-manylinux_2_*.whl; }
installs() {
    bring python3 python3-venv && cp "$work"/wheels/*.whl "$base/srv/" && inside python3 -m venv /srv/v &&
        inside sh -c '/srv/v/bin/pip install --no-index /srv/*.whl'
}
says_what_is_missing() {
    local said
    said=$(inside /srv/v/bin/aigc --version 2>&1) && { echo "it ran without libcurl: $said"; return 1; }
    grep "Debian, Ubuntu: libcurl4" <<<"$said" && ! grep Traceback <<<"$said"
}
runs() { bring libcurl4 && inside /srv/v/bin/aigc --version && inside /srv/v/bin/aigc fields tencent aigc_image; }
debs() { bash "$root/bindings/debian/build.sh" --from "$dist" --to "$work/debs"; }
apt_installs() {
    cp "$work"/debs/*.deb "$base/srv/" && 
        inside sh -c 'apt-get install -y /srv/aigc_*.deb /srv/python3-aigc_*.deb /srv/libaigc1_*.deb'
}
first_picture() {
    inside sh -euc 'mkdir /srv/p && cd /srv/p && aigc sandbox -- aigc generate --provider tencent "a cat in the snow"' &&
        ls "$base"/srv/p/*.png
}
# What the Dockerfile does, but for the base image: its COPY and RUN lines, in their order.
dockerfile() {
    local lines
    mkdir -p "$base/srv/packages"
    cp "$work"/debs/{libaigc1,python3-aigc,aigc}_*.deb "$base/srv/packages/"
    grep -q '^COPY libaigc1_\*.deb python3-aigc_\*.deb aigc_\*.deb /srv/packages/$' "$root/bindings/deploy/Dockerfile"
    lines=$(sed -e ':a' -e '/\\$/N; s/\\\n//; ta' "$root/bindings/deploy/Dockerfile" | sed -n 's/^RUN //p')
    [ "$(grep -c . <<<"$lines")" = 2 ] && inside sh -euxc "$lines" &&
        inside su aigc -s /bin/sh -c 'cd /var/lib/aigc && AIGC_JOURNAL=/var/lib/aigc/journal aigc --version && aigc fields'
}
compiles() {
    bring gcc libc6-dev pkg-config && inside sh -c 'apt-get install -y --no-install-recommends /srv/libaigc-dev_*.deb' &&
        cp "$root/bindings/c/generate.c" "$base/srv/" &&
        inside sh -euc 'cd /srv && cc generate.c $(pkg-config --cflags --libs aigc) -o generate &&
            aigc sandbox -- ./generate tencent "a cat in the snow" cat' && ls "$base/srv/cat-1.png"
}

ok "an empty Debian 12" make_root
ok "the wheel is built by one command" wheel
ok "it has the tag that auditwheel grants" tagged
ok "pip installs it without a package index" installs
ok "without libcurl an error names the package" says_what_is_missing
ok "with libcurl it runs" runs
ok "the Debian packages build" debs
ok "apt installs command, Python package and library" apt_installs
ok "a first picture from the sandbox, as the manual says" first_picture
ok "a program in C compiles with libaigc-dev and meets the sandbox" compiles
ok "the Dockerfile's commands work" dockerfile
exit "$failed"
