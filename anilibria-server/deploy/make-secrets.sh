#!/bin/sh
# Creates the files in `secrets` that compose.yaml requires, with random passwords. Keeps existing files, so it can be run again.
# Copy the secret of user tokens from the Node service to secrets/jwt_secret first. The script cannot create the two URLs for
# notifications (slack_webhook_url, deadman_url). The profile `monitoring` does not start without them.
#
#   ./make-secrets.sh
set -eu
cd "$(dirname "$0")"

# Only the owner can access the directory. The files are mounted into the containers, whose users differ from the owner.
umask 022
mkdir -p secrets
chmod 700 secrets
cd secrets

random() {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

# put FILE TEXT: creates FILE with TEXT unless FILE exists.
put() {
    [ -e "$1" ] && return
    printf '%s\n' "$2" >"$1"
    echo "secrets/$1"
}

put jwt_secret "$(random)"
put internal_jwt_secret "$(random)"
put mongo_password "$(random)"
put mongodb_uri "mongodb://admin:$(cat mongo_password)@mongodb:27017/anime-site?authSource=admin"
put redis_conf "requirepass $(random)"
put redis_url "redis://:$(sed 's/^requirepass //' redis_conf)@redis:6379/0"
put redis_exporter "{\"redis://redis:6379\": \"$(sed 's/^requirepass //' redis_conf)\"}"
put grafana_password "$(random)"
# Includes files that were copied manually.
chmod 644 ./*

# Earlier versions of this script wrote a placeholder.
if grep -qs '/services/none$' slack_webhook_url; then
    rm slack_webhook_url
fi
for name in slack_webhook_url deadman_url; do
    [ -s "$name" ] || echo "missing for --profile monitoring: secrets/$name (README.md, \"Monitoring and traces\")" >&2
done
