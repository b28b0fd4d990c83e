<?php
/**
 * Runs the plugin under WordPress's own functions and prints what was asked for: the head of a page, the settings page
 * or an option as it is kept. Only what needs a database is stood in for.
 *
 * Arguments: the folder of WordPress, the plugin. Standard input: JSON with `ask`, `options` and `editor`.
 */

$asked = json_decode( stream_get_contents( STDIN ), true );

define( 'ABSPATH', rtrim( $argv[1], '/' ) . '/' );
define( 'WPINC', 'wp-includes' );
define( 'WP_CONTENT_DIR', ABSPATH . 'wp-content' );
define( 'WP_PLUGIN_DIR', WP_CONTENT_DIR . '/plugins' );
define( 'WPMU_PLUGIN_DIR', WP_CONTENT_DIR . '/mu-plugins' );
define( 'WP_CONTENT_URL', 'http://www.acme.test/wp-content' );
define( 'WP_DEBUG', true );
error_reporting( E_ALL & ~E_DEPRECATED );
ini_set( 'display_errors', 'stderr' );
ini_set( 'log_errors', '0' );
$_SERVER += array( 'HTTP_HOST' => 'www.acme.test', 'REQUEST_URI' => '/', 'PHP_SELF' => '/index.php' );

// What WordPress would read from the database.
function current_user_can( $capability ) {
	global $asked;
	return $asked['editor'] ?? false;
}
function wp_get_current_user() {
	return (object) array( 'ID' => 1 );
}
function wp_create_nonce( $action ) {
	return 'nonce';
}
function is_user_logged_in() {
	return false;
}

foreach ( array( 'version', 'compat', 'load', 'class-wp-error', 'plugin', 'functions', 'formatting', 'kses', 'pomo/translations', 'l10n', 'class-wp-object-cache', 'cache', 'option', 'theme', 'link-template', 'general-template', 'class-wp-walker', 'script-loader' ) as $part ) {
	require_once ABSPATH . WPINC . "/$part.php";
}
require ABSPATH . 'wp-admin/includes/plugin.php';
require ABSPATH . 'wp-admin/includes/template.php';
wp_cache_init();
$wp_plugin_paths = array();
$admin_page_hooks = array( 'options-general.php' => 'settings' );

// Where WordPress keeps the options once it has read them.
wp_cache_set( 'alloptions', array( 'siteurl' => 'http://www.acme.test', 'home' => 'http://www.acme.test', 'blog_charset' => 'UTF-8' ) + $asked['options'], 'options' );
// Its own scripts and styles are not what is asked for.
remove_all_actions( 'wp_default_scripts' );
remove_all_actions( 'wp_default_styles' );

require $argv[2];

if ( 'head' === $asked['ask'] ) {
	do_action( 'wp_enqueue_scripts' );
	wp_scripts()->do_head_items();
	wp_scripts()->do_footer_items();
} else {
	do_action( 'admin_init' );
	do_action( 'admin_menu' );
	if ( 'page' === $asked['ask'] ) {
		do_action( 'settings_page_doorbell' );
	} else {
		foreach ( $asked['options'] as $name => $value ) {
			echo sanitize_option( $name, $value ), "\n";
		}
	}
}
