import FuzzDriver
import FuzzTargets

@main enum FuzzRules {
    static func main() { drive { data, count in FuzzEntry.rules.run(data, count) } }
}
