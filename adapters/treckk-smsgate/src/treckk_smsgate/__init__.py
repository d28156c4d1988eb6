"""SMS over the SIM card of an Android phone: SMSGate (sms-gate.app) and httpSMS (httpsms.com).

`sim` holds what any such phone has in common; `smsgate` and `httpsms` speak the protocol of one app each.
"""

from treckk_smsgate.httpsms import HttpSmsChannel, HttpSmsOptions
from treckk_smsgate.smsgate import SmsGateChannel, SmsGateOptions

__all__ = ["HttpSmsChannel", "HttpSmsOptions", "SmsGateChannel", "SmsGateOptions"]
