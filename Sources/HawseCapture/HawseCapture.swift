import HawseWire
