"""Where AWS has no endpoint, the configuration is at fault and not the credentials."""

import pytest

from modelwire.errors import ConfigError
from modelwire_bedrock.aws.clients import Clients

PAIR = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "c2VjcmV0"}


@pytest.mark.parametrize("service", ["bedrock", "bedrock-runtime"])
@pytest.mark.parametrize("region", ["eu-isoe-west-1", "us-isof-south-1"])
async def test_a_variant_that_a_region_does_not_have_is_a_configuration_error(
    target_of, service, region
):
    environ = {**PAIR, "AWS_REGION": region, "AWS_USE_DUALSTACK_ENDPOINT": "true"}
    with pytest.raises(ConfigError, match="dualstack") as raised:
        await Clients().get(service, target_of(environ=environ))
    assert region in str(raised.value)
    assert "AWS_USE_DUALSTACK_ENDPOINT" in raised.value.hint
