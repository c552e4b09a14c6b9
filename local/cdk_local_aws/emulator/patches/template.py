"""The types that handlers of CloudFormation resources share."""

from typing import Any

Properties = dict[str, Any]
Created = tuple[str, Properties]  # the physical id and the attributes for Fn::GetAtt
