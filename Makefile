# Names for the scripts; each says more at its head. Arguments: make test ARGS="-k units -x"
.DEFAULT_GOAL := help
.PHONY: help setup serve test quick long docs bench translations pictures lock format

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)$$/\1|\2/' | \
	while IFS='|' read -r name text; do printf '  make %-13s %s\n' "$$name" "$$text"; done

setup: ## make .venv with everything that runs and tests need
	./scripts/setup --dev

serve: ## serve http://127.0.0.1:8000 with demo data
	./scripts/serve --demo $(ARGS)

test: ## run every check and test
	./scripts/test $(ARGS)

quick: ## run the checks and the tests that are neither slow nor in a browser
	./scripts/test --quick $(ARGS)

long: ## run the tests that take minutes: installations, every page, official polygons
	./scripts/test-long $(ARGS)

docs: ## build the documentation site in var/docs/site
	./scripts/docs $(ARGS)

bench: ## measure one thing: make bench ARGS=ingest; without ARGS list the benches
	./scripts/bench $(ARGS)

translations: ## update the message catalogues from code and templates
	./scripts/translations $(ARGS)

pictures: ## make the pictures of all pages in docs/pictures
	./scripts/pictures $(ARGS)

lock: ## write requirements*.txt from pyproject.toml; ARGS=--upgrade for newer versions
	./scripts/lock $(ARGS)

format: ## format the code
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
