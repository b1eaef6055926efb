# The images: which there are, what they are named, what they are told. `scripts/images.ts` builds them.
# By hand always with `--file docker-bake.hcl`: buildx would mix docker-compose.yml into it.

variable "ACCOUNT" {
  default = "ragatzino"
}
variable "TAGS" {
  default = "latest"
}
variable "VERSION" {
  default = ""
}
variable "COMMIT" {
  default = ""
}
variable "SOURCE" {
  default = "https://github.com/conception-logicielle-ensai/archi-exemple"
}

group "default" {
  targets = ["backend", "frontend"]
}

target "common" {
  args = {
    VERSION = VERSION
    COMMIT  = COMMIT
    SOURCE  = SOURCE
  }
}

target "app" {
  inherits   = ["common"]
  name       = side
  matrix     = { side = ["backend", "frontend"] }
  # From the root, where the lockfile is. For a Dockerfile that is written for its own folder: context = side
  dockerfile = "${side}/Dockerfile"
  tags       = [for tag in split(",", TAGS) : "${ACCOUNT}/${side}-demo-conception-logicielle:${tag}"]
}

# For lessons, from the same code: with these tags a rolling update and its rollback need no build.
group "demo" {
  targets = ["demo-app", "demo-cassee"]
}

target "demo-app" {
  inherits   = ["common"]
  name       = "${side}-demo-v${major}"
  matrix     = { side = ["backend", "frontend"], major = ["1", "2"] }
  dockerfile = "${side}/Dockerfile"
  args       = { VERSION = "${major}.0.0-demo" }
  tags       = ["${ACCOUNT}/${side}-demo-conception-logicielle:demo-v${major}"]
}

# Alive, but never ready: its database does not exist. DATABASE_URL goes before all that the manifests set.
target "demo-cassee" {
  contexts          = { working = "target:backend-demo-v2" }
  dockerfile-inline = <<-EOT
    FROM working
    ENV APP_VERSION=3.0.0-cassee DATABASE_URL=postgresql://nobody@no-such-server.invalid/nothing
    LABEL org.opencontainers.image.version=3.0.0-cassee
  EOT
  tags              = ["${ACCOUNT}/backend-demo-conception-logicielle:demo-cassee"]
}
