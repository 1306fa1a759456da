@_exported import HawseCapture
@_exported import HawseControl
@_exported import HawseDataplane
@_exported import HawseFormats
@_exported import HawseModel
@_exported import HawseSimulator
@_exported import HawseWire
