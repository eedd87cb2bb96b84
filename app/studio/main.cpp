// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error_text.h"
#include "core/quant/quantizer_module.h"
#include "core/store/database.h"
#include "ui/studio/main_window.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QCommandLineParser>

#include <iostream>

namespace {

using namespace bwla;

int run(QApplication& app, const QStringList& models) {
    Database store(storeFile());
    ui::Theme theme;
    ui::Services services{.theme = theme,
                          .store = store,
                          .newQuantizeJob = [] { return loadQuantizeJob(); },
                          .newBackend = makeEngineBackend,
                          .engineDevices = engineDevices};
    ui::MainWindow window(services);
    window.show();
    for (const QString& model : models)
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
    parser.process(app);
    try {
        return run(app, parser.positionalArguments());
    } catch (const Error& error) {
        std::cerr << sentence(error) << '\n';
    }
    return 1;
}
