/// The middle value; the mean of the two middle ones of an even number.
public func median(_ values: [Double]) -> Double {
    precondition(!values.isEmpty, "nothing has no middle")
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

/// A value, rounded, as ``grouped(_:)-(Int)`` writes it.
public func grouped(_ value: Double) -> String { grouped(Int(value.rounded())) }

/// `1234567` as `1,234,567`.
public func grouped(_ value: Int) -> String {
    var text = ""
    for (position, digit) in String(value).reversed().enumerated() {
        if position > 0, position % 3 == 0 { text.append(",") }
        text.append(digit)
    }
    return String(text.reversed())
}

/// A value that is not negative, with a fixed number of digits behind the point.
public func decimal(_ value: Double, places: Int) -> String {
    let unit = (0..<places).reduce(1) { scale, _ in scale * 10 }
    let scaled = Int((value * Double(unit)).rounded())
    let fraction = String(scaled % unit)
    return "\(scaled / unit)." + String(repeating: "0", count: places - fraction.count) + fraction
}
