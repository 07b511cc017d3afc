"""moto's server, with an EMR Serverless that keeps what moto 5.2.5 drops.

moto's model of an application has no `runtimeConfiguration`, so that any audit of Spark defaults
would see nothing, and it refuses labels such as `emr-spark-8.0.0`.

Its S3 looks whether an object is there and then puts it; here nobody comes between the two, as on AWS.

And policies that are nothing but a permissions boundary are missing from the account's authorization
details, as IAM may leave them out.
"""

import sys
import threading

from moto.emrserverless import models
from moto.emrserverless.responses import EMRServerlessResponse
from moto.iam.models import IAMBackend
from moto.s3.responses import S3Response
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


authorization_details = IAMBackend.get_account_authorization_details


def without_boundaries(self, policy_filter):
    details = authorization_details(self, policy_filter)
    boundaries = {role.permissions_boundary_arn for role in self.roles.values()}
    details["managed_policies"] = [
        policy
        for policy in details["managed_policies"]
        if policy.attachment_count or policy.arn not in boundaries
    ]
    return details


put_object = S3Response.put_object
PUTTING = threading.Lock()


def put_alone(self):
    with PUTTING:
        return put_object(self)


S3Response.put_object = put_alone
IAMBackend.get_account_authorization_details = without_boundaries
models.EMRServerlessBackend.create_application = create_with_any_label
EMRServerlessResponse.create_application = keeping(EMRServerlessResponse.create_application)
EMRServerlessResponse.update_application = keeping(EMRServerlessResponse.update_application)

if __name__ == "__main__":
    main(["--host", "127.0.0.1", "--port", sys.argv[1]])
