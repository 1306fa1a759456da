import FuzzDriver
import FuzzTargets

@main enum FuzzWalk {
    static func main() { drive { data, count in FuzzEntry.walk.run(data, count) } }
}
