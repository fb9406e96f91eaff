"""moto's server, which refuses a template for every warning of cfn-lint: here only for errors, as CloudFormation does (`npm run judge` reads the
warnings). What it refuses goes to its output, since some of its errors can't be read by the SDK."""

import sys

import moto.cloudformation.models as models
import moto.server

lint = models.validate_template_cfn_lint
models.validate_template_cfn_lint = lambda template: [f for f in lint(template) if f.rule.id.startswith("E")]

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
