# Sourced by commands that need packages of Debian's unstable distribution, sid.
#
# apt gets them with its own configuration, lists and cache under
# `$repository/build/sid`.  Those of the machine do not change.  Signatures are
# checked as usual.  The caller runs under `set -eu`, sets `repository` and has
# sourced kernel/setup.sh.
#
# shellcheck shell=sh disable=SC2154

sid=$repository/build/sid

# Run a command of apt with sid's lists.  Fetch the lists if there are none, or
# if they are older than a day.  If a mirror does not have sources of sid,
# testing has them.
with_sid() {
    mkdir -p "$sid/lists/partial" "$sid/archives/partial"
    for what in 'deb sid' 'deb-src sid' 'deb-src testing'; do
        echo "${what% *}" \
            "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
            "http://deb.debian.org/debian ${what#* } main"
    done >"$sid/sources.list"
    : >"$sid/status"
    cat >"$sid/apt.conf" <<CONFIGURATION
Dir::State "$sid";
Dir::State::Status "$sid/status";
Dir::Cache "$sid";
Dir::Etc::SourceList "$sid/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Acquire::Languages "none";
APT::Sandbox::User "$(id -un)";
CONFIGURATION
    if [ -z "$(find "$sid/lists" -name '*Sources*' -mtime -1)" ]; then
        APT_CONFIG=$sid/apt.conf apt-get update -qq
    fi
    APT_CONFIG=$sid/apt.conf "$@"
}

check_for_sid_kernel() {
    has_command apt-get || missing apt-get '' 'only Debian and its relatives'
    has_command patchelf || missing patchelf patchelf
}

# Make commands that run in a kernel use that of sid: the newest one in user
# mode, with the libc that it was linked with.
use_sid_kernel() {
    kernel=$sid/kernel
    if [ ! -d "$kernel" ]; then
        mkdir -p "$sid"
        provide check_for_sid_kernel
        (
            rm -rf "$kernel.new"
            mkdir "$kernel.new"
            cd "$kernel.new" || exit
            with_sid apt-get download -qq user-mode-linux libc6
            for package in *.deb; do
                dpkg-deb -x "$package" .
                rm "$package"
            done
            libc=$kernel/usr/lib/x86_64-linux-gnu
            patchelf --set-rpath "$libc" \
                --set-interpreter "$libc/ld-linux-x86-64.so.2" usr/bin/linux.uml
            mv "$kernel.new" "$kernel"
        )
    fi
    export KERNEL_RUN_LINUX="$kernel/usr/bin/linux.uml"
    export KERNEL_RUN_MODULES="$kernel/usr/lib/uml/modules"
}
