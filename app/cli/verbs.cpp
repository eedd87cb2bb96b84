// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/verbs.h"

#include "app/cli/interrupt.h"
#include "core/error_text.h"
#include "core/job/shell_command.h"

#include <variant>
#include <vector>

namespace bwla {
namespace {

using Nothing = std::monostate;

/// A verb as a job, so that runJob's one table turns its exceptions into values.
class VerbJob : public Job<Nothing, Nothing, Nothing> {
public:
    VerbJob(const std::function<void(const Call&)>& verb, Console& console,
            const CommonOptions& options, std::string commandLine)
        : verb_(verb), console_(console), options_(options), commandLine_(std::move(commandLine)) {}

    Nothing run(const Nothing& /*settings*/, const Sink<Nothing>& /*sink*/,
                std::stop_token stop) override {
        verb_({console_, options_, std::move(stop), commandLine_});
        if (!console_.flush())
            throw Error(ErrorCode::writeFailed).in("standard output").because("not all was taken");
        return {};
    }

private:
    const std::function<void(const Call&)>& verb_;
    Console& console_;
    const CommonOptions& options_;
    std::string commandLine_;
};

/// What is wrong with the settings, as CLI11 says what is wrong with one option.
template<class Check>
void asUsage(const Check& check) {
    try {
        check();
    } catch (const Error& error) {
        std::string text = sentence(error);
        if (text.ends_with('.'))
            text.pop_back(); // main goes on after it
        throw CLI::ValidationError(text);
    }
}

/// A library's exception may go on with a stack trace; its first line is the reason.
Error withoutTrace(Error error) {
    error.detail = error.detail.substr(0, error.detail.find('\n'));
    return error;
}

} // namespace

CLI::App* Verbs::add(const std::string& name, const std::string& description,
                     std::function<void(const Call&)> run,
                     std::function<void(const CommonOptions&)> check) {
    CLI::App* verb = app_.add_subcommand(name, description);
    verb->add_flag("--json", options_.json,
                   "Print one JSON document; progress as JSON lines on stderr");
    verb->add_option("--backend", options_.backend,
                     "vulkan, cpu or reference (default: vulkan where there is a GPU, else cpu)")
        ->check(CLI::IsMember({"vulkan", "cpu", "reference"}));
    verb->add_option("--kernels", options_.kernels,
                     "Kernels of a Vulkan device: default, or measure when it is first used "
                     "(default: measure on a GPU)")
        ->check(CLI::IsMember({"default", "measure"}));
    verb->add_option("--threads", options_.threads, "Threads (default: one a physical core)")
        ->check(CLI::Range(0, 1024));
    verb->callback([this, run = std::move(run), check = std::move(check)] {
        if (check)
            asUsage([&] { check(options_); });
        chosen_ = run;
    });
    return verb;
}

int Verbs::run(std::span<char* const> commandLine) const {
    Console console(options_.json);
    std::vector<std::string> words(commandLine.begin(), commandLine.end());
    words.front() = "bwla"; // however it was found
    VerbJob job(chosen_, console, options_, shellCommand(words));
    const auto outcome = runJob<Nothing, Nothing, Nothing>(job, {}, {}, beginWork());
    endOfWork();
    using State = Outcome<Nothing>::State;
    if (outcome.state == State::succeeded)
        return 0;
    if (outcome.state == State::cancelled)
        console.cancelled();
    else
        console.failure(withoutTrace(*outcome.error));
    (void)console.flush();
    return 1;
}

} // namespace bwla
