#!/usr/bin/env bash
# Built from the module that go.mod names and go.sum pins with all that it needs.
. "$(dirname "$0")/../lib.sh"
release=$(sed -n 's/.*centrifugo\/v6 //p' "$peer_dir/go.mod")
folder=$PEER_CACHE/centrifugo/$release
server=$folder/centrifugo
if [ ! -x "$server" ]; then
    find_go || skip "needs Go"
    mkdir -p "$folder"
    cp "$peer_dir/go.mod" "$peer_dir/go.sum" "$folder/"
    (cd "$folder" && quietly go build -o centrifugo github.com/centrifugal/centrifugo/v6) ||
        skip "Go could not build Centrifugo $release"
fi
case "${1:-}" in
version) echo "Centrifugo ${release#v}" ;;
path) echo "$server" ;;
esac
