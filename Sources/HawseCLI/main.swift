import Hawse
print("hawse")
