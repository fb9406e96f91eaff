"""moto's server. It judges a template by cfn-lint, and refuses it for a warning; here it doesn't judge, as `npm run judge` does that. What it
refuses goes to its output, since some of its answers can't be read by the SDK."""

import sys

import moto.cloudformation.models as models
import moto.server

models.validate_template_cfn_lint = lambda template: []

create = moto.server.create_backend_app


def create_telling(service):
    app = create(service)

    @app.after_request
    def tell(response):
        if response.status_code >= 400 and not response.direct_passthrough:
            print("refused", response.status_code, response.get_data()[:1000], flush=True)
        return response

    return app


moto.server.create_backend_app = create_telling

sys.exit(moto.server.main())
