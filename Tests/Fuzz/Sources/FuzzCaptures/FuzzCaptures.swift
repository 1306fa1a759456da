import FuzzDriver
import FuzzTargets

@main enum FuzzCaptures {
    static func main() { drive { data, count in FuzzEntry.captures.run(data, count) } }
}
