# Runs a service in its network namespace, with its own files of names, under the caller's id. Its parents did not fork: its pid is the child's.
#
#     service.sh directory-of-etc uid gid command…
#
# /run is the world's private one already: no system resolver has a socket there.
set -e
etc=$1 uid=$2 gid=$3
shift 3
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
# A dangling link, as to a resolver's file under /run, gets what it leads to.
target=$(readlink -m /etc/resolv.conf)
case $target in
  /run/*) [ -e "$target" ] || { mkdir -p "${target%/*}" && : >"$target"; } ;;
esac
for file in hosts resolv.conf nsswitch.conf; do
  if [ -e "/etc/$file" ]; then mount --bind "$etc/$file" "/etc/$file"; fi
done
exec unshare --user --map-user="$uid" --map-group="$gid" -- "$@"
