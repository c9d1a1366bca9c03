#!/bin/sh
# resolved.sh FOLDER RESOLVED DNSD ADDRESS NAME: in new mount and network namespaces, systemd-resolved with
# FOLDER/resolved.conf is asked for NAME, which a dnsd at ADDRESS serves. Prints what dig prints.
set -e
folder=$1 resolved=$2 dnsd=$3 address=$4 name=$5
ip link set lo up
# It asks nobody while no link but lo is up.
ip link add up0 type veth peer name up1
ip address add 192.0.2.1/24 dev up0
ip link set up0 up
ip link set up1 up
mount -t tmpfs none /run
mkdir -p /run/systemd/resolve /etc/systemd
mount -t tmpfs none /etc/systemd
mkdir /etc/systemd/resolved.conf.d
cp "$folder/resolved.conf" /etc/systemd/resolved.conf.d/dnsd.conf
# It drops to the user that its package makes.
{ grep -v '^systemd-resolve:' /etc/passwd; echo 'systemd-resolve:x:997:997::/:/usr/sbin/nologin'; } >"$folder/passwd"
{ grep -v '^systemd-resolve:' /etc/group; echo 'systemd-resolve:x:997:'; } >"$folder/group"
mount --bind "$folder/passwd" /etc/passwd
mount --bind "$folder/group" /etc/group
chown 997:997 /run/systemd/resolve
"$dnsd" --dev --dns-listen "$address" --http-listen 127.0.0.1:0 >"$folder/dnsd.log" 2>&1 &
server=$!
"$resolved" >"$folder/resolved.log" 2>&1 &
resolver=$!
trap 'kill $server $resolver 2>/dev/null; wait' EXIT
end=$(($(date +%s) + 20))
until dig @127.0.0.53 +short +time=1 +tries=1 "$name" | grep '^[0-9]'; do
  [ "$(date +%s)" -lt $end ] && kill -0 $resolver || { cat "$folder/resolved.log"; exit 1; }
done
