# Functions of the scripts that make the repository. They read $out, the folder that gets it, and $work, one for temporary
# files.
# shellcheck shell=sh

# shellcheck disable=SC2034 # The scripts use some of these.
target_release=12
target=bookworm
architecture=$(dpkg --print-architecture)
repository=${out:?}/linux/debian
release=$repository/dists/$target
pool=$release/pool/stable/$architecture
index=$release/stable/binary-$architecture
tree=${work:?}/tree
# The scripts that packages get.
scripts=$(dirname "$(realpath "$0")")

# download SUITE PACKAGE...: the packages' files, into $work/SUITE/files, unpacked into $work/SUITE/PACKAGE.
download() {
    suite=$1
    shift
    state=$work/$suite
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/files"
    : >"$state/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main" >"$state/sources.list"
    cat >"$state/apt.conf" <<CONF
Dir::State::lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state/cache";
Dir::Etc::sourcelist "$state/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "root";
APT::Get::List-Cleanup "false";
CONF
    APT_CONFIG=$state/apt.conf apt-get -qq update || return 1
    (cd "$state/files" && APT_CONFIG=$state/apt.conf apt-get -qq download "$@") || return 1
    for package in "$@"; do
        dpkg-deb -x "$state/files/${package}"_*.deb "$state/$package" || return 1
    done
}

# The Debian mirror that this machine uses.
mirror() {
    # shellcheck disable=SC2016 # apt-get fills these in, not the shell.
    apt-get indextargets --format '$(SITE) $(COMPONENT)' 'Identifier: Packages' |
        awk '$1 ~ /\/debian\/?$/ && $2 == "main" { print $1; found = 1; exit } END { exit !found }'
}

# package NAME VERSION UNITS <relations: packs $tree, of which $built says who built it, and clears it.
package() {
    mkdir "$tree/DEBIAN"
    {
        echo "Package: $1"
        echo "Version: $2"
        echo "Architecture: $architecture"
        echo "Maintainer: Skep <skep@example.invalid>"
        echo "Section: admin"
        echo "Priority: optional"
        cat
        echo "Installed-Size: $(du -sk "$tree" | cut -f 1)"
        echo "Description: ${built:?} of $1, under docker-ce's names"
    } >"$tree/DEBIAN/control"
    if [ -d "$tree/etc" ]; then
        (cd "$tree" && find etc -type f | sed 's#^#/#') >"$tree/DEBIAN/conffiles"
    fi
    if [ -n "$3" ]; then
        for script in postinst prerm; do
            sed -e "s/@PACKAGE@/$1/" -e "s/@UNITS@/$3/" "$scripts/$script" >"$tree/DEBIAN/$script"
            chmod 755 "$tree/DEBIAN/$script"
        done
    fi
    # Hosts unpack it again and again, so a quick compression is worth more than a small file.
    dpkg-deb --root-owner-group -Zzstd -z1 -b "$tree" "$pool/${1}_${2#*:}_$architecture.deb" >/dev/null
    rm -rf "$tree"
}

# The index, signed. The key stays in $out/key, which no host sees, so that hosts that trust it trust what is added later.
# Each file is replaced whole, because hosts may read the repository meanwhile.
publish() {
    new=$work/new
    mkdir -p "$new"
    (cd "$repository" && apt-ftparchive packages "dists/$target/pool/stable/$architecture") >"$new/Packages"
    gzip -9kn "$new/Packages"
    mv "$new/Packages" "$new/Packages.gz" "$index/"
    # apt would ask people whether they trust a repository whose origin or label changes.
    apt-ftparchive -o APT::FTPArchive::Release::Origin=Docker \
        -o APT::FTPArchive::Release::Label='Docker CE' \
        -o APT::FTPArchive::Release::Suite="$target" \
        -o APT::FTPArchive::Release::Codename="$target" \
        -o APT::FTPArchive::Release::Architectures="$architecture" \
        -o APT::FTPArchive::Release::Components=stable \
        release "$release" >"$work/Release"
    mv "$work/Release" "$new/Release"

    GNUPGHOME=$work/gnupg
    export GNUPGHOME
    mkdir -m 700 "$GNUPGHOME"
    if [ -e "$out/key" ]; then
        gpg --batch --quiet --import "$out/key"
    else
        gpg --batch --quiet --passphrase '' --quick-gen-key 'Skep, Debian engine packages' ed25519 sign never
        (umask 077 && gpg --batch --armor --export-secret-keys >"$out/key")
        gpg --batch --armor --export >"$new/gpg"
        gpg --batch --with-colons --fingerprint | awk -F: '/^fpr/ { print $10; exit }' >"$out/fingerprint"
        mv "$new/gpg" "$repository/gpg"
    fi
    gpg --batch --clearsign -o "$new/InRelease" "$new/Release"
    gpg --batch --armor --detach-sign -o "$new/Release.gpg" "$new/Release"
    gpgconf --kill all
    mv "$new/Release" "$new/Release.gpg" "$new/InRelease" "$release/"
    chmod a+rX "$out" "$out/fingerprint"
    chmod -R a+rX "$out/linux"
}
