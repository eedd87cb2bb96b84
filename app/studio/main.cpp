// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error_text.h"
#include "core/quant/quantizer_module.h"
#include "core/store/database.h"
#include "ui/studio/main_window.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QEvent>
#include <QTimer>

#include <iostream>

namespace {

using namespace bwla;

const QString measureStart = QStringLiteral("measure-start");

/// Tells standard output of the window's first paint, and ends the program: what a start takes can
/// be measured from outside (docs/performance.md).
class FirstPaint : public QObject {
    bool eventFilter(QObject* watched, QEvent* event) override {
        if (event->type() == QEvent::Paint && !painted_) {
            painted_ = true;
            QTimer::singleShot(0, watched, [] {
                std::cout << "painted" << std::endl;
                QCoreApplication::quit();
            });
        }
        return QObject::eventFilter(watched, event);
    }
    bool painted_ = false;
};

/// A store that cannot be opened (a full or read-only disk) leaves a window that keeps nothing, and
/// says so.
Database openStore(QString& problem) {
    try {
        return Database(storeFile());
    } catch (const Error& error) {
        problem = QString::fromStdString(sentence(error));
    }
    return Database::inMemory();
}

int run(QApplication& app, const QCommandLineParser& parser) {
    QString problem;
    Database store = openStore(problem);
    ui::Theme theme;
    ui::Services services{.theme = theme,
                          .store = store,
                          .newQuantizeJob = [] { return loadQuantizeJob(); },
                          .newBackend = makeEngineBackend,
                          .engineDevices = engineDevices};
    ui::MainWindow window(services);
    FirstPaint firstPaint;
    if (parser.isSet(measureStart))
        window.installEventFilter(&firstPaint);
    window.show();
    if (!problem.isEmpty())
        services.tellFailure(problem + QCoreApplication::translate(
                                           "main", " Nothing of this session will be kept."));
    for (const QString& model : parser.positionalArguments())
        window.openModel(model);
    return app.exec();
}

} // namespace

int main(int argc, char** argv) {
    shortenBarrierSpins();
    QApplication app(argc, argv);
    QApplication::setApplicationName("BWLA Studio");
    QApplication::setApplicationVersion(BWLA_VERSION);
    QCommandLineParser parser;
    parser.setApplicationDescription(
        "Quantize a language model to one bit, look at it, chat with it.");
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument(
        "MODEL", "A GGUF file, a Hugging Face folder or a quantized folder.", "[MODEL...]");
    parser.addOption({measureStart, "Print \"painted\" once the window is drawn, and quit."});
    parser.process(app);
    try {
        return run(app, parser);
    } catch (const Error& error) {
        std::cerr << sentence(error) << '\n';
    }
    return 1;
}
