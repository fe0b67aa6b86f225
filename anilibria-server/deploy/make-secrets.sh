#!/bin/sh
# Makes the files in `secrets` that compose.yaml asks for, with random passwords. What is there already stays, so it does
# no harm to run it again. The secret of users' tokens is the Node service's: put that into secrets/jwt_secret first.
#
#   ./make-secrets.sh
set -eu
cd "$(dirname "$0")"

# Nobody but the owner gets into the directory; the containers, whose users are others, are given the files themselves.
umask 022
mkdir -p secrets
chmod 700 secrets
cd secrets

random() {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

# put FILE TEXT: makes FILE unless it is there.
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
put grafana_password "$(random)"
# Alerts get nowhere until this is the address of a webhook.
put slack_webhook_url "https://hooks.slack.com/services/none"
# Whatever was put here by hand, too.
chmod 644 ./*
