import HawseModel
