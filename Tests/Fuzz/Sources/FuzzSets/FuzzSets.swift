import FuzzDriver
import FuzzTargets

@main enum FuzzSets {
    static func main() { drive { data, count in FuzzEntry.sets.run(data, count) } }
}
