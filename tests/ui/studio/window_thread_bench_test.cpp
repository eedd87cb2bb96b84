// SPDX-License-Identifier: GPL-3.0-or-later
//
// What people do on every page, and how long a key press would have waited while it was done, on a
// tiny model with many layers and on the real one. The goal is 50 ms; ten times that fails.
#include "fake_quantize_job.h"
#include "real_model.h"
#include "recorded_run.h"
#include "studio.h"
#include "tiny_pair.h"
#include "ui/chat/chat_history.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/composer.h"
#include "ui/inspect/channel_card.h"
#include "ui/inspect/inspect_page.h"
#include "ui/inspect/layer_panel.h"
#include "ui/inspect/timeline_card.h"
#include "ui/models/models_page.h"
#include "ui/quantize/quantize_page.h"
#include "ui/quantize/setup_view.h"
#include "ui/widgets/plot.h"
#include "window_thread_watch.h"

#include <QLineEdit>
#include <QTableView>

using namespace bwla;
using namespace bwla::ui;
namespace fs = std::filesystem;

namespace {

constexpr double goal = 50.0, limit = 10 * goal; // milliseconds
constexpr auto patience = std::chrono::seconds(120);

/// An original and its artifact.
struct Pair {
    QString original, quantized;
};

} // namespace

class WindowThreadBench : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void theWindowStaysResponsive_data();
    void theWindowStaysResponsive();

private:
    using Done = std::function<bool()>;
    void measure(const char* what, const std::function<void()>& action, const Done& done);
    /// As measure, `times` actions in a row, each after the one before was done.
    void repeat(const char* what, int times, const std::function<void(int)>& action,
                const Done& done);
    void report(const char* what, const test::WindowThreadWatch::Longest& longest);
    void models(const Pair& pair);
    void quantize(const Pair& pair);
    void inspect(const Pair& pair);
    void exports();
    void chat(const Pair& pair);
    void history();

    std::map<std::string, Pair> pairs_;
    QTemporaryDir folder_;
    std::unique_ptr<test::Studio> studio_;
    std::unique_ptr<test::WindowThreadWatch> watch_;
};

void WindowThreadBench::initTestCase() {
    const fs::path root = folder_.path().toStdString();
    test::TinyModel deep;
    deep.layers = 32;
    deep.context = 1024;
    test::writeTinyPair(root, deep);
    pairs_["tiny"] = {folder_.filePath("original"), folder_.filePath("quantized")};
    const fs::path real = test::realModel(); // before a fixture moves the data folder
    const fs::path artifact = real.parent_path() / "SmolLM2-135M-Instruct-W1A6";
    if (Artifact::isArtifact(artifact))
        pairs_["real"] = {QString::fromStdString(real.string()),
                          QString::fromStdString(artifact.string())};
}

void WindowThreadBench::theWindowStaysResponsive_data() {
    QTest::addColumn<bool>("real");
    QTest::newRow("tiny") << false;
    QTest::newRow("real") << true;
}

void WindowThreadBench::theWindowStaysResponsive() {
    QFETCH(bool, real);
    if (real && !pairs_.contains("real"))
        QSKIP("no quantized default model on this machine");
    const Pair pair = pairs_[real ? "real" : "tiny"];
    studio_ = std::make_unique<test::Studio>();
    auto script = std::make_shared<test::FakeJob::Script>();
    script->rounds = 20;
    script->blocks.release(10'000);
    studio_->services.newQuantizeJob = [script] { return std::make_unique<test::FakeJob>(script); };
    studio_->services.newBackend = [](const EngineChoice&) { return makeCpuBackend(); };
    const OpenModel model(pair.original.toStdString());
    test::recordRun(studio_->store, pair.original.toStdString(), pair.quantized.toStdString(),
                    {model.config().layers, model.config().width, model.config().feedForward, 21});
    watch_ = std::make_unique<test::WindowThreadWatch>();
    qInfo("longest wait of a key press in ms, in brackets what this program worked in it");
    studio_->show(); // its start has a benchmark of its own
    models(pair);
    inspect(pair);
    chat(pair);
    quantize(pair);
    studio_->window.reset(); // waits for the threads of the engine and the readers
    watch_.reset();
    studio_.reset();
}

void WindowThreadBench::report(const char* what, const test::WindowThreadWatch::Longest& longest) {
    qInfo("%7.1f (%5.1f) %s%s", longest.waited, longest.worked, what,
          longest.waited > goal ? "  over 50 ms" : "");
    QVERIFY2(longest.finished, what);
    QVERIFY2(longest.waited < limit, what);
}

void WindowThreadBench::measure(const char* what, const std::function<void()>& action,
                                const Done& done) {
    if (QTest::currentTestFailed()) // what follows builds on it
        return;
    report(what, watch_->during(action, done, patience));
}

void WindowThreadBench::repeat(const char* what, int times, const std::function<void(int)>& action,
                               const Done& done) {
    if (QTest::currentTestFailed())
        return;
    test::WindowThreadWatch::Longest longest{.finished = true};
    for (int i = 0; i < times; ++i) {
        const auto here = watch_->during([&] { action(i); }, done, patience);
        const bool finished = longest.finished && here.finished;
        if (here.waited > longest.waited)
            longest = here;
        longest.finished = finished;
    }
    report(what, longest);
}

void WindowThreadBench::models(const Pair& pair) {
    auto& page = studio_->page<ModelsPage>();
    const auto scanned = [&] { return !page.library().scanning(); };
    measure(
        "models: first scan", [this] { studio_->bringToFront<ModelsPage>(); }, scanned);
    measure(
        "models: open a folder of models",
        [&] { studio_->window->openModel(QFileInfo(pair.original).path()); },
        [&] { return scanned() && studio_->find<QTableView>("Models")->model()->rowCount() > 1; });
    measure(
        "models: open a model", [&] { studio_->window->openModel(pair.original); },
        [this] { return studio_->button("Quantize…")->isEnabled(); });
    auto* table = studio_->find<QTableView>("Models");
    repeat(
        "models: choose a row", table->model()->rowCount(), [&](int i) { table->selectRow(i); },
        [] { return true; });
    repeat(
        "models: type in the search", 4,
        [&](int i) { studio_->find<QLineEdit>("Search models")->setText(QString("smol").left(i)); },
        [] { return true; });
    studio_->find<QLineEdit>("Search models")->clear();
    // Styles all widgets of all pages anew: a second, and known (docs/performance.md).
    for (const auto mode : {Theme::Mode::light, Theme::Mode::dark}) {
        const auto restyled =
            watch_->during([&] { studio_->theme.setMode(mode); }, [] { return true; }, patience);
        qInfo("%7.1f (%5.1f) other theme, all pages", restyled.waited, restyled.worked);
    }
}

void WindowThreadBench::quantize(const Pair& pair) {
    auto& page = studio_->page<QuantizePage>();
    measure(
        "quantize: open a model",
        [&] {
            page.setModel(pair.original);
            studio_->bringToFront<QuantizePage>();
        },
        [&] { return page.setup().mayStart(); });
    repeat(
        "quantize: choose a preset", 4, [&](int i) { page.setup().choosePreset(3 - i); },
        [&] { return page.setup().mayStart() || true; });
    measure(
        "quantize: ready again", [&] { page.setup().choosePreset(0); },
        [&] { return page.setup().mayStart(); });
    measure(
        "quantize: a whole run in seconds",
        [this] { QTest::mouseClick(studio_->button("Start quantizing"), Qt::LeftButton); },
        [&] { return !page.running() && studio_->offers("Chat"); });
}

void WindowThreadBench::inspect(const Pair& pair) {
    auto& page = studio_->page<InspectPage>();
    measure(
        "inspect: open an artifact",
        [&] { Q_EMIT studio_->window->pages()[0]->inspectRequested(pair.quantized); },
        [&] { return !page.channel().plot().data().series.isEmpty(); });
    repeat(
        "inspect: choose a layer", 8,
        [&](int i) {
            page.layers().choose({i, i % 2 ? GroupKind::mlpIn : GroupKind::attnIn, 0});
        },
        [&] {
            const auto layer = *page.layers().current();
            return page.channel().plot().data().title.contains(
                QString::fromStdString(layerName(layer)));
        });
    repeat(
        "inspect: slide over channels", 40, [&](int i) { page.channel().choose(i); },
        [&] {
            return page.channel().plot().data().title.endsWith(
                QString::number(page.channel().channel()));
        });
    repeat(
        "inspect: timeline", 20, [&](int) { page.timeline().step(-1); }, [] { return true; });
    repeat(
        "inspect: other metric", 8, [&](int) { page.layers().nextMetric(); }, [] { return true; });
    measure(
        "inspect: all branches open", [&] { page.layers().expandAll(); }, [] { return true; });
    measure(
        "inspect: the survey of all layers", [] {},
        [&] { return page.layers().facts().known() >= 7 * 8; });
    exports();
}

void WindowThreadBench::exports() {
    Plot& plot = studio_->page<InspectPage>().channel().plot();
    for (const char* ending : {"png", "pdf", "svg", "csv"}) {
        const std::string what = std::string("inspect: export ") + ending;
        const QString file = folder_.filePath(QString("plot.") + ending);
        measure(
            what.c_str(), [&] { QCOMPARE(plot.exportTo(file), QString()); }, [] { return true; });
        QVERIFY(QFileInfo(file).size() > 0);
    }
}

void WindowThreadBench::chat(const Pair& pair) {
    auto& page = studio_->page<ChatPage>();
    ChatController& chat = page.controller();
    measure(
        "chat: open two models",
        [&] { Q_EMIT studio_->window->pages()[0]->chatRequested(pair.original, pair.quantized); },
        [&] { return chat.count().use.capacity > 0; });
    ChatOptions options = chat.options();
    options.maxTokens = 96;
    options.sampling = {.temperature = 1, .seed = 3}; // of a tiny model: else all empty lines
    chat.setOptions(options);
    const QString message("Why is the sky blue? Answer with a list and some code.");
    repeat(
        "chat: type", static_cast<int>(message.size()),
        [&](int i) { QTest::keyClicks(page.composer()->field(), message.mid(i, 1)); },
        [] { return true; });
    const auto answered = [&](std::size_t turns) {
        return [&, turns] { return chat.turns().size() == turns && !chat.running(); };
    };
    const auto send = [&] { QTest::keyClick(page.composer()->field(), Qt::Key_Return); };
    measure("chat: load, read, write, compare", send, answered(1));
    const int length = chat.count().use.capacity > 2000 ? 300 : 25;
    measure(
        "chat: a long message",
        [&] { page.composer()->setText(QString("the other one ").repeated(length)); },
        [&] { return chat.count().use.message > 20; });
    measure("chat: read it and write", send, answered(2));
    measure(
        "chat: ask again, stop while it is read",
        [&] {
            page.composer()->setText(QString("the other one ").repeated(length));
            send();
            QTimer::singleShot(60, &page, [&] { page.escape(); });
        },
        answered(3));
    measure(
        "chat: answer again",
        [&] { QTest::keyClick(studio_->window.get(), Qt::Key_R, Qt::ControlModifier); },
        [&] { return chat.turns().back().answerVersion.count == 2 && !chat.running(); });
    measure(
        "chat: sampling, template",
        [&] {
            QTest::keyClick(studio_->window.get(), Qt::Key_T,
                            Qt::ControlModifier | Qt::ShiftModifier);
        },
        [] { return true; });
    page.escape();
    history();
}

/// A store with 500 chats of ten messages beside the one in view.
void WindowThreadBench::history() {
    auto& page = studio_->page<ChatPage>();
    ChatController& chat = page.controller();
    const std::int64_t here = chat.chat().id;
    std::int64_t other = 0;
    for (int i = 0; i < 500; ++i) {
        other = chat.store().addChat({.title = "Chat " + std::to_string(i)});
        std::int64_t parent = 0;
        for (int j = 0; j < 10; ++j)
            parent = chat.store().addMessage(
                {.chat = other,
                 .parent = parent,
                 .text = "The zebra number " + std::to_string(j) + " crosses the road."});
        chat.store().setLeaf(other, parent);
    }
    measure(
        "chat: list of 500 chats", [&] { page.history()->reload(here); }, [] { return true; });
    repeat(
        "chat: search in 5,000 messages", 5,
        [&](int i) {
            studio_->find<QLineEdit>("Search chats")->setText(QString("zebra").left(i + 1));
        },
        [] { return true; });
    measure(
        "chat: open one of ten messages", [&] { chat.openChat(other); }, [] { return true; });
    measure(
        "chat: back to the answers", [&] { chat.openChat(here); }, [] { return true; });
}

QTEST_MAIN(WindowThreadBench)
#include "window_thread_bench_test.moc"
