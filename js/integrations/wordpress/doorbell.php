<?php
/**
 * Plugin Name: Doorbell
 * Description: Puts the Doorbell snippet on every page of the site.
 * Version: 0.1.0
 * Requires at least: 6.3
 * Requires PHP: 7.4
 * License: MIT
 */

defined( 'ABSPATH' ) || exit;

const DOORBELL_OPTIONS = array(
	'doorbell_url'     => 'Address of Doorbell, as in https://bell.example.com',
	'doorbell_site'    => 'Key of the site',
	'doorbell_consent' => 'Consent: cookieless, required or granted',
);

add_action( 'wp_enqueue_scripts', 'doorbell_enqueue' );
add_filter( 'script_loader_tag', 'doorbell_attributes', 10, 2 );
add_action( 'admin_init', 'doorbell_register' );
add_action( 'admin_menu', 'doorbell_menu' );

function doorbell_enqueue() {
	$url = get_option( 'doorbell_url' );
	// People who write the site are no visitors of it.
	if ( ! $url || ! get_option( 'doorbell_site' ) || current_user_can( 'edit_posts' ) ) {
		return;
	}
	wp_enqueue_script( 'doorbell', untrailingslashit( $url ) . '/s/v.js', array(), null, array( 'strategy' => 'defer' ) );
}

function doorbell_attributes( $tag, $handle ) {
	if ( 'doorbell' !== $handle ) {
		return $tag;
	}
	$site    = esc_attr( get_option( 'doorbell_site' ) );
	$consent = esc_attr( get_option( 'doorbell_consent' ) ?: 'cookieless' );
	return str_replace( '<script ', "<script data-site=\"$site\" data-consent=\"$consent\" ", $tag );
}

function doorbell_register() {
	add_settings_section( 'doorbell', '', '__return_null', 'doorbell' );
	foreach ( DOORBELL_OPTIONS as $name => $label ) {
		$clean = 'doorbell_url' === $name ? 'esc_url_raw' : 'sanitize_text_field';
		register_setting( 'doorbell', $name, array( 'sanitize_callback' => $clean ) );
		add_settings_field( $name, $label, 'doorbell_field', 'doorbell', 'doorbell', array( 'name' => $name, 'label_for' => $name ) );
	}
}

function doorbell_field( $field ) {
	$name = $field['name'];
	printf( '<input id="%1$s" name="%1$s" class="regular-text" value="%2$s">', esc_attr( $name ), esc_attr( get_option( $name, '' ) ) );
}

function doorbell_menu() {
	add_options_page( 'Doorbell', 'Doorbell', 'manage_options', 'doorbell', 'doorbell_page' );
}

function doorbell_page() {
	echo '<div class="wrap"><h1>Doorbell</h1><form method="post" action="options.php">';
	settings_fields( 'doorbell' );
	do_settings_sections( 'doorbell' );
	submit_button();
	echo '</form></div>';
}
