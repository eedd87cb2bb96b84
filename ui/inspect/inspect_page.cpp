// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspect/inspect_page.h"

#include "core/store/settings_store.h"
#include "ui/inspect/activation_cards.h"
#include "ui/inspect/channel_card.h"
#include "ui/inspect/layer_panel.h"
#include "ui/inspect/record_now.h"
#include "ui/inspect/timeline_card.h"
#include "ui/studio/remembered_splitter.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/plot.h"
#include "ui/widgets/themed_icon.h"

#include <QComboBox>
#include <QFileDialog>
#include <QMenu>
#include <QPushButton>
#include <QSaveFile>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabBar>

namespace bwla::ui {
namespace {

constexpr int wideFrom = 1080;  ///< all three columns
constexpr int layersFrom = 940; ///< layers beside one card
constexpr int margin = 16;
constexpr int gap = 8;
constexpr QSize smallest(640, 400);
constexpr const char* foldersKey = "inspect.folders";

enum Tab { layersTab, weightsTab, iterationsTab, mapsTab, tailsTab };

std::string originalKey(const QString& artifact) {
    return "inspect.original:" + artifact.toStdString();
}

QWidget* columnOf(std::initializer_list<std::pair<QWidget*, int>> cards) {
    auto* column = new QWidget;
    auto* layout = new QVBoxLayout(column);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(gap);
    for (const auto& [card, stretch] : cards)
        layout->addWidget(card, stretch);
    return column;
}

} // namespace

InspectPage::InspectPage(Services& services, QWidget* parent)
    : Page(parent), services_(services), reader_(services.store.file()), models_(new QComboBox),
      export_(new QPushButton(tr("Export…"))), chat_(new QPushButton(tr("Open in Chat"))),
      stack_(new QStackedWidget), banner_(new Banner(services.theme)), tabs_(new QTabBar),
      layers_(new LayerPanel(services.theme)), channel_(new ChannelCard(services.theme)),
      timeline_(new TimelineCard(services.theme)), maps_(new ActivationMapCard(services.theme)),
      tails_(new TailCard(services.theme)), record_(new RecordNow(services.theme)),
      centre_(columnOf({{channel_, 470}, {timeline_, 206}})),
      right_(columnOf({{record_, 0}, {maps_, 324}, {tails_, 352}})) {
    layOut();
    connectReader();
    addKeys();
    fillModels();
    connect(&services_.theme, &Theme::changed, this, &InspectPage::arrange);
    arrange();
}

void InspectPage::layOut() {
    models_->setAccessibleName(tr("Quantized model"));
    models_->setMinimumContentsLength(48);
    models_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    connect(models_, &QComboBox::activated, this, [this](int index) {
        const QString path = models_->itemData(index).toString();
        path.isEmpty() ? openFolder() : inspect(path);
    });
    chat_->setProperty("kind", "primary");
    setThemedIcon(services_.theme, export_, "export", [](const Tokens& t) { return t.text1; });
    setThemedIcon(services_.theme, chat_, "chat", [](const Tokens& t) { return t.onAccent; });
    connect(export_, &QPushButton::clicked, this, &InspectPage::exportMenu);
    connect(chat_, &QPushButton::clicked, this,
            [this] { Q_EMIT chatRequested(open_->original, open_->artifact); });

    auto* content = new QWidget;
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(gap);
    tabs_->setExpanding(false);
    tabs_->setDrawBase(false);
    tabs_->setAccessibleName(tr("Part of the page"));
    for (const QString& name :
         {tr("Layers"), tr("Weights"), tr("Iterations"), tr("Maps"), tr("Tails")})
        tabs_->addTab(name);
    tabs_->setCurrentIndex(weightsTab);
    connect(tabs_, &QTabBar::currentChanged, this, &InspectPage::arrange);
    column->addWidget(tabs_);
    auto* splitter = new QSplitter;
    splitter->setHandleWidth(gap);
    splitter->setChildrenCollapsible(false);
    for (QWidget* part : {static_cast<QWidget*>(layers_), centre_, right_})
        splitter->addWidget(part);
    splitter->setStretchFactor(1, 1);
    splitter->setSizes({312, 488, 352});
    rememberSplitter(services_, *splitter, "inspect");
    column->addWidget(splitter, 1);

    stack_->addWidget(emptyState());
    stack_->addWidget(content);
    auto* page = new QVBoxLayout(this);
    page->setContentsMargins(margin, margin, margin, margin);
    page->setSizeConstraint(QLayout::SetNoConstraint); // arrange() makes it fit
    page->setSpacing(gap);
    page->addWidget(banner_);
    page->addWidget(stack_, 1);
}

QWidget* InspectPage::emptyState() {
    auto* empty =
        new EmptyState(services_.theme, "inspect", tr("Quantize a model to see its weights."));
    connect(empty->addButton(tr("Choose on Models")), &QPushButton::clicked, this,
            [this] { Q_EMIT openModelRequested({}); });
    connect(empty->addButton(tr("Open a quantized model…")), &QPushButton::clicked, this,
            &InspectPage::openFolder);
    return empty;
}

void InspectPage::connectReader() {
    connect(&reader_, &InspectReader::opened, this, &InspectPage::showOpened);
    connect(&reader_, &InspectReader::originalMissing, this, &InspectPage::askForOriginal);
    connect(&reader_, &InspectReader::failed, this, [this](const QString& sentence) {
        banner_->clearButtons();
        banner_->show(Banner::Tone::bad, sentence);
        if (!open_)
            stack_->setCurrentIndex(0);
    });
    connect(&reader_, &InspectReader::surveyed, layers_, &LayerPanel::add);
    connect(&reader_, &InspectReader::layerOpened, this, [this](const OpenedLayer& layer) {
        layer_ = layer.id;
        channel_->setLayer(layer);
        timeline_->setRounds(layer.rounds);
        maps_->setLayer(layer);
        tails_->setLayer(layer);
        record_->setMissing(!layer.activations && !layer.kept);
        requestChannel();
    });
    connect(&reader_, &InspectReader::channelOpened, this, [this](const OpenedChannel& channel) {
        if (channel.layer == layer_)
            channel_->setChannel(channel);
    });
    connect(&reader_, &InspectReader::worstFound, this, [this](const LayerId& layer, qint64 worst) {
        if (layer == layer_)
            channel_->choose(worst);
    });
    connect(layers_, &LayerPanel::chosen, this, [this](const LayerId& layer) {
        channel_->setReading();
        reader_.selectLayer(layer);
    });
    connect(record_, &RecordNow::recorded, this, [this] {
        if (layer_)
            reader_.selectLayer(*layer_);
    });
    connect(channel_, &ChannelCard::channelChosen, this, &InspectPage::requestChannel);
    connect(channel_, &ChannelCard::worstWanted, this, &InspectPage::goToWorst);
    connect(timeline_, &TimelineCard::roundChosen, this, &InspectPage::requestChannel);
    for (Plot* plot : findChildren<Plot*>())
        connect(plot, &Plot::failed, this,
                [this](const QString& sentence) { banner_->show(Banner::Tone::bad, sentence); });
}

QWidget* InspectPage::headerContext() {
    return models_;
}

QList<QWidget*> InspectPage::headerActions() {
    return {export_, chat_};
}

/// Finished runs, folders opened by hand, and a way to open another.
void InspectPage::fillModels() {
    const QSignalBlocker quiet(models_);
    models_->clear();
    const auto add = [this](const QString& text, const QString& path) {
        if (models_->findData(path) < 0 && QFileInfo::exists(path))
            models_->addItem(services_.theme.icon("runs"), text, path);
    };
    for (const RunRecord& run : RunStore(services_.store).list())
        if (run.state == RunState::finished) {
            const QString path = QString::fromStdString(run.outPath);
            add(tr("%1 · %2 · run %3")
                    .arg(QFileInfo(path).fileName(), QString::fromStdString(run.preset))
                    .arg(run.id),
                path);
        }
    const QString folders =
        QString::fromStdString(SettingsStore(services_.store).get(foldersKey, ""));
    for (const QString& path : folders.split('\n', Qt::SkipEmptyParts))
        add(QFileInfo(path).fileName(), path);
    models_->addItem(services_.theme.icon("open"), tr("Open a quantized model…"), QString());
    models_->setCurrentIndex(artifact_.isEmpty() ? -1 : models_->findData(artifact_));
    models_->setPlaceholderText(tr("Choose a quantized model"));
    export_->setEnabled(open_.has_value());
    chat_->setEnabled(open_.has_value());
}

void InspectPage::activated() {
    fillModels();
    if (artifact_.isEmpty() && models_->count() > 1)
        inspect(models_->itemData(0).toString());
}

void InspectPage::inspect(const QString& artifact) {
    artifact_ = QDir::cleanPath(QFileInfo(artifact).absoluteFilePath());
    open_.reset();
    layer_.reset();
    banner_->hide();
    SettingsStore settings(services_.store);
    QStringList folders =
        QString::fromStdString(settings.get(foldersKey, "")).split('\n', Qt::SkipEmptyParts);
    if (!RunStore(services_.store).findByOutput(artifact_.toStdString()) &&
        !folders.contains(artifact_))
        services_.keep(
            [&] { settings.set(foldersKey, (folders << artifact_).join('\n').toStdString()); });
    fillModels();
    reader_.open(artifact_, QString::fromStdString(settings.get(originalKey(artifact_), "")));
}

void InspectPage::openFolder() {
    const QString path =
        QFileDialog::getExistingDirectory(this, tr("Open the folder of a quantized model"));
    if (path.isEmpty())
        fillModels();
    else
        inspect(path);
}

void InspectPage::showOpened(const OpenedModel& model) {
    open_ = model;
    layer_.reset();
    fillModels();
    const QString name = QFileInfo(model.artifact).fileName();
    for (Plot* plot : findChildren<Plot*>())
        plot->setOrigin(model.run ? tr("%1, run %2").arg(name).arg(model.run->id) : name);
    models_->setToolTip(tr("%1\nOriginal: %2").arg(model.artifact, model.original));
    stack_->setCurrentIndex(1);
    record_->setModel({.original = model.original.toStdString(),
                       .artifact = model.artifact.toStdString(),
                       .database = services_.store.file()});
    layers_->open(model.layers, model.kept, model.reports);
    if (!model.layers.empty())
        layers_->choose({(model.layers.back().block + 1) / 2, GroupKind::mlpOut, 0});
}

void InspectPage::askForOriginal(const QString& artifact) {
    stack_->setCurrentIndex(0);
    banner_->clearButtons();
    banner_->show(
        Banner::Tone::warn,
        tr("The original of %1 was not found.").arg(QFileInfo(artifact).fileName()),
        tr("Choose the model that it was quantized from: its weights are drawn beside the "
           "quantized ones."));
    connect(banner_->addButton(tr("Choose a GGUF file…")), &QPushButton::clicked, this, [=, this] {
        useOriginal(artifact, QFileDialog::getOpenFileName(this, tr("Choose the original"),
                                                           QFileInfo(artifact).path(),
                                                           tr("GGUF files (*.gguf)")));
    });
    connect(banner_->addButton(tr("Choose a folder…")), &QPushButton::clicked, this, [=, this] {
        useOriginal(artifact, QFileDialog::getExistingDirectory(this, tr("Choose the original"),
                                                                QFileInfo(artifact).path()));
    });
}

void InspectPage::useOriginal(const QString& artifact, const QString& original) {
    if (original.isEmpty())
        return;
    services_.keep(
        [&] { SettingsStore(services_.store).set(originalKey(artifact), original.toStdString()); });
    inspect(artifact);
}

void InspectPage::requestChannel() {
    if (layer_)
        reader_.selectChannel({channel_->channel(), channel_->units(), timeline_->round()});
}

void InspectPage::goToWorst() {
    const LayerSurvey* survey = layer_ ? layers_->facts().survey(*layer_) : nullptr;
    if (survey != nullptr)
        channel_->choose(survey->worstChannel);
    else
        reader_.findWorst();
}

QSize InspectPage::minimumSizeHint() const {
    return smallest;
}

void InspectPage::resizeEvent(QResizeEvent* event) {
    Page::resizeEvent(event);
    arrange();
}

/// Which cards are seen: all, or the tab's, with or without the layers beside it.
void InspectPage::arrange() {
    const bool wide = width() >= services_.theme.scaled(wideFrom);
    const bool withLayers = width() >= services_.theme.scaled(layersFrom);
    tabs_->setVisible(!wide);
    tabs_->setTabVisible(layersTab, !withLayers);
    const int tab = tabs_->currentIndex();
    layers_->setVisible(withLayers || tab == layersTab);
    layers_->mapCard()->setVisible(height() >= 560 || !withLayers);
    channel_->setVisible(wide || tab == weightsTab);
    timeline_->setVisible(wide || tab == iterationsTab);
    maps_->setVisible(wide || tab == mapsTab);
    tails_->setVisible(wide || tab == tailsTab);
    centre_->setVisible(wide || tab == weightsTab || tab == iterationsTab);
    right_->setVisible(wide || tab == mapsTab || tab == tailsTab);
}

void InspectPage::exportMenu() {
    QMenu menu;
    menu.addAction(tr("Histogram of the channel…"), &channel_->plot(), &Plot::exportWithDialog);
    menu.addAction(tr("Numbers of all layers…"), this, &InspectPage::exportLayers);
    menu.exec(export_->mapToGlobal(export_->rect().bottomLeft()));
}

void InspectPage::exportLayers() {
    const QString path = QFileDialog::getSaveFileName(this, tr("Export the numbers of all layers"),
                                                      "layers.csv", tr("Values (*.csv)"));
    if (path.isEmpty())
        return;
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(layers_->csv().toUtf8()) < 0 ||
        !file.commit())
        banner_->show(Banner::Tone::bad,
                      tr("%1 could not be written: %2.").arg(path, file.errorString()),
                      tr("Choose another folder."));
}

} // namespace bwla::ui
