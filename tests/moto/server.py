"""moto's server, with an EMR Serverless that keeps what moto 5.2.1 drops.

moto's model of an application has no `runtimeConfiguration`, so that any audit of Spark defaults
would see nothing, and it refuses labels such as `emr-spark-8.0.0`.
"""

import sys

from moto.emrserverless import models
from moto.emrserverless.responses import EMRServerlessResponse
from moto.server import main

KEPT = {
    "runtimeConfiguration": "runtime_configuration",
    "imageConfiguration": "image_configuration",
    "monitoringConfiguration": "monitoring_configuration",
    "interactiveConfiguration": "interactive_configuration",
    "workerTypeSpecifications": "worker_type_specifications",
}

create_application = models.EMRServerlessBackend.create_application


def create_with_any_label(self, *, release_label, **parameters):
    application = create_application(self, release_label="emr-7.1.0", **parameters)
    application.release_label = release_label
    return application


def keeping(operation):
    """The operation, after which its application has the fields that moto would drop."""

    def keep(self):
        result = operation(self)
        application_id = self._get_param("applicationId") or result.result["applicationId"]
        application = self.emrserverless_backend.applications[application_id]
        for field, attribute in KEPT.items():
            value = self._get_param(field)
            if value is not None:
                setattr(application, attribute, value)
        return result

    return keep


models.EMRServerlessBackend.create_application = create_with_any_label
EMRServerlessResponse.create_application = keeping(EMRServerlessResponse.create_application)
EMRServerlessResponse.update_application = keeping(EMRServerlessResponse.update_application)

if __name__ == "__main__":
    main(["--host", "127.0.0.1", "--port", sys.argv[1]])
