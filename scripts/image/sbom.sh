#!/bin/sh
# sbom.sh PROGRAM MAP PREFIX ARCH: the software bill of materials of a static
# program, SPDX 2.3 as JSON, on standard output. What was linked is read from
# the linker's MAP: each object and each archive that a member was taken from
# belongs to a Debian package, or was made by libraries.sh, in PREFIX. A package
# whose licence is not in the table below is an error: look it up, add it.
# SOURCE_DATE_EPOCH is the time of creation, now when it is not set.
# SPDX-License-Identifier: Apache-2.0
set -eu
program=$1
map=$2
prefix=$3
arch=$4
version=$(sed -n 's/^#define CLARY_VERSION "\(.*\)"$/\1/p' include/clary/clary.h)
created=$(date -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%Y-%m-%dT%H:%M:%SZ)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sha1=$(sha1sum <"$program" | cut -d ' ' -f 1)
# SPDX's sum over the sums of all files, of which there is one
verification=$(printf %s "$sha1" | sha1sum | cut -d ' ' -f 1)
sha256=$(sha256sum <"$program" | cut -d ' ' -f 1)

# By source package, of the parts that are linked.
licence() {
    case $1 in
    cjson) echo MIT ;;
    gcc-*) echo 'GPL-3.0-or-later WITH GCC-exception-3.1' ;;
    glibc) echo LGPL-2.1-or-later ;;
    libarchive) echo BSD-2-Clause ;;
    libmd) echo 'BSD-3-Clause AND BSD-2-Clause AND ISC AND Beerware' ;;
    libmicrohttpd) echo LGPL-2.1-or-later ;;
    openblas) echo BSD-3-Clause ;;
    protobuf-c) echo BSD-2-Clause ;;
    zlib) echo Zlib ;;
    *) echo "sbom.sh: the licence of $1 is not known" >&2; return 1 ;;
    esac
}

# The files that the linker read, without our own; of each, a line in packages:
# PACKAGE VERSION SOURCE ARCH.
sed -n -e 's/^\(\/[^ ]*\.a\)(.*/\1/p' -e 's/^LOAD \(\/[^ ]*\.o\)$/\1/p' \
    "$map" | sort -u | xargs realpath | sort -u >"$work/files"
while read -r file; do
    case $file in
    "$prefix"/lib/*.a)
        name=$(basename "$file" .a)
        [ -f "$prefix/sources/$name.dsc" ] || name=${name#lib}
        echo "$name $(sed -n 's/^Version: //p' "$prefix/sources/$name.dsc" |
            head -n 1) $name source"
        ;;
    *)
        owner=$(dpkg -S "$file")
        dpkg-query -W -f '${Package} ${Version} ${source:Package} '"$arch"'\n' \
            "${owner%: *}"
        ;;
    esac
done <"$work/files" >"$work/all"
sort -u "$work/all" >"$work/packages"
[ -s "$work/packages" ] || { echo "sbom.sh: $map names no package" >&2; exit 1; }

cat <<END
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "clary-$version-$arch",
  "documentNamespace": "https://spdx.org/spdxdocs/clary-$version-$arch-$sha256",
  "creationInfo": {
    "created": "$created",
    "creators": ["Tool: clary-sbom.sh-$version"]
  },
  "documentDescribes": ["SPDXRef-clary"],
  "packages": [
    {
      "SPDXID": "SPDXRef-clary",
      "name": "clary",
      "versionInfo": "$version",
      "primaryPackagePurpose": "APPLICATION",
      "downloadLocation": "NOASSERTION",
      "filesAnalyzed": true,
      "hasFiles": ["SPDXRef-program"],
      "packageVerificationCode": {
        "packageVerificationCodeValue": "$verification"
      },
      "licenseInfoFromFiles": ["NOASSERTION"],
      "licenseConcluded": "Apache-2.0",
      "licenseDeclared": "Apache-2.0",
      "copyrightText": "NOASSERTION"
END
while read -r name number source kind; do
    licence=$(licence "$source")
    purl="pkg:deb/debian/$name@$(printf %s "$number" | sed 's/+/%2B/g; s/:/%3A/g')"
    purl="$purl?arch=$kind&distro=debian-12"
    [ "$name" = "$source" ] || purl="$purl&upstream=$source"
    cat <<END
    },
    {
      "SPDXID": "SPDXRef-$name",
      "name": "$name",
      "versionInfo": "$number",
      "supplier": "Organization: Debian",
      "primaryPackagePurpose": "LIBRARY",
      "downloadLocation": "NOASSERTION",
      "filesAnalyzed": false,
      "sourceInfo": "Debian source package $source",
      "licenseConcluded": "$licence",
      "licenseDeclared": "$licence",
      "copyrightText": "NOASSERTION",
      "externalRefs": [{
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": "$purl"
      }]
END
done <"$work/packages"
cat <<END
    }
  ],
  "files": [{
    "SPDXID": "SPDXRef-program",
    "fileName": "./usr/local/bin/clary",
    "fileTypes": ["BINARY"],
    "checksums": [
      {"algorithm": "SHA1", "checksumValue": "$sha1"},
      {"algorithm": "SHA256", "checksumValue": "$sha256"}
    ],
    "licenseConcluded": "NOASSERTION",
    "licenseInfoInFiles": ["NOASSERTION"],
    "copyrightText": "NOASSERTION"
  }],
  "relationships": [
END
while read -r name _; do
    cat <<END
    {"spdxElementId": "SPDXRef-program", "relationshipType": "STATIC_LINK",
     "relatedSpdxElement": "SPDXRef-$name"},
END
done <"$work/packages"
cat <<END
    {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
     "relatedSpdxElement": "SPDXRef-clary"}
  ]
}
END
