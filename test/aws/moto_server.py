"""moto's server with three of its rules mended. Arguments are those of moto_server."""

import copy

from moto.ec2.models import amis
from moto.ec2.models.instances import Instance
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.server import main


class Copies(list):
    """Images that each region may change: moto parses their dates in place, and fails at the second region."""

    def __iter__(self):
        return iter([copy.deepcopy(item) for item in super().__iter__()])


amis.AMIS = Copies(amis.AMIS)

# A rule for another group's members has its description there.
SecurityGroupRule.description = property(
    lambda rule: rule.ip_range.get("Description") or rule.source_group.get("Description")
)

terminate = Instance.terminate


def terminate_and_free(self):
    """As on EC2, a terminated instance's private address is free for another one that asks for it."""
    previous = terminate(self)
    subnet = self.ec2_backend.get_subnet(self.subnet_id)
    for address in self._private_ips:
        # Not for instances that ask for no address of their own: managers' lie in a reserved range.
        subnet._subnet_ips.pop(address, None)
    return previous


Instance.terminate = terminate_and_free

if __name__ == "__main__":
    main()
