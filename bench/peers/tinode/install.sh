#!/usr/bin/env bash
# Built for PostgreSQL from the module that go.mod names and go.sum pins with all that it needs.
. "$(dirname "$0")/../lib.sh"
release=$(sed -n 's/.*tinode\/chat //p' "$peer_dir/go.mod")
folder=$PEER_CACHE/tinode/$release
install_packages postgresql-15
[ -x "$postgres_bin/postgres" ] || skip "no PostgreSQL 15 in $postgres_bin"
for program in server tinode-db; do
    [ ! -x "$folder/$program" ] || continue
    find_go || skip "needs Go"
    mkdir -p "$folder"
    cp "$peer_dir/go.mod" "$peer_dir/go.sum" "$folder/"
    (cd "$folder" && quietly go build -tags postgres -o "$program" "github.com/tinode/chat/$program") ||
        skip "Go could not build Tinode $release"
done
case "${1:-}" in
version) echo "Tinode ${release#v}, $("$postgres_bin/postgres" --version)" ;;
path) echo "$folder" ;;
esac
