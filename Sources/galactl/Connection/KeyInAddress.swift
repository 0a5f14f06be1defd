/// Keys as they stand in addresses: everything encoded but letters, digits, dashes and underscores, so that no part of a
/// key is taken for a part of the address.
enum KeyInAddress {
    static func encode(_ key: some Sequence<UInt8>) -> String {
        var text = ""
        for byte in key {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return text
    }
}
