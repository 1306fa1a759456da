import FuzzDriver
import FuzzTargets

@main enum FuzzCommands {
    static func main() { drive { data, count in FuzzEntry.commands.run(data, count) } }
}
